// Starts Swagger UI on our own document. No validator badge: that would ask a foreign server.
SwaggerUIBundle({ dom_id: "#ui", url: "/openapi.json", deepLinking: true, validatorUrl: null });
