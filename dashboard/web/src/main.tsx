import { render } from "preact";
import { App } from "./app";
import { startSession } from "./state/session";
import { followLinks } from "./state/url";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/controls.css";
import "./styles/chart.css";
import "./styles/posts.css";
import "./styles/views.css";

const root = document.getElementById("app");
if (root) {
  followLinks();
  startSession();
  root.replaceChildren();
  render(<App />, root);
}
