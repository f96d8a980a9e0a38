"""OpenAPI 3.1 documents, made from the routes, the schemas and what the handlers' methods say of themselves."""
