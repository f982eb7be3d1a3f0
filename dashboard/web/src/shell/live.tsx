/** Whether what is seen is live; when it is not, when the next try is. */
import { useEffect, useState } from "preact/hooks";
import { connection, databaseAway, nextTry, tryNow } from "../api/live";

export function Live() {
  const state = connection.value;
  if (state === "live") {
    const away = databaseAway.value;
    return (
      <span class={`live ${away ? "waiting" : "on"}`} role="status" data-connection={away ? "database" : "live"}>
        <i aria-hidden="true" />
        <span>{away ? "database away" : "live"}</span>
      </span>
    );
  }
  return (
    <span class="live waiting" role="status" data-connection={state}>
      <i aria-hidden="true" />
      <span>{state === "connecting" ? "connecting …" : <Countdown />}</span>
      {state === "waiting" && (
        <button type="button" class="linkish" onClick={tryNow}>
          now
        </button>
      )}
    </span>
  );
}

function Countdown() {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const show = () => setLeft(Math.max(0, Math.ceil((nextTry.value - Date.now()) / 1000)));
    show();
    const timer = setInterval(show, 500);
    return () => clearInterval(timer);
  }, []);
  return <span aria-label="reconnecting">reconnecting in {left} s</span>;
}
