"""The SPARQL endpoint and its pages. Nothing here blocks the event loop; queries run in processes that can be killed."""
