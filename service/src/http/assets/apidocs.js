// Starts Swagger UI with our own document. Without the validator badge, which would contact a foreign server.
SwaggerUIBundle({ dom_id: "#ui", url: "/openapi.json", deepLinking: true, validatorUrl: null });
