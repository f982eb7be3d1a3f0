/** What one must know before believing anything below: simulated or old data, no database, no connection. */
import { connection } from "../api/live";
import { banners, session } from "../state/session";

export function Banners() {
  const offline = connection.value === "waiting" && session.value !== null;
  return (
    <div class="banners">
      {banners.value.map((banner) => (
        <p key={banner.kind} class={`banner ${banner.kind}`} role="status">
          {banner.sentence}
        </p>
      ))}
      {offline && (
        <p class="banner old" role="status">
          The server does not answer. What is shown is as of then; it goes on by itself.
        </p>
      )}
    </div>
  );
}
