/** The description of the API, for people: swagger-ui over /api/openapi.json. Its bundle is taken as it is. */
import bundle from "swagger-ui-dist/swagger-ui-bundle.js?url";
import "swagger-ui-dist/swagger-ui.css";

declare global {
  interface Window {
    SwaggerUIBundle?: (options: Record<string, unknown>) => unknown;
  }
}

const script = document.createElement("script");
script.src = bundle;
script.onload = () => window.SwaggerUIBundle?.({ url: "/api/openapi.json", dom_id: "#docs", deepLinking: true, defaultModelsExpandDepth: 0 });
document.head.append(script);
