/** A new channel. Its address is a secret: it goes to the server and never comes back. */
import { useState } from "preact/hooks";
import { write } from "../api/client";
import { Outcome, useAction } from "../ui/action";

export function ChannelForm({ changed }: { changed: () => void }) {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const action = useAction();
  const add = async (event: Event) => {
    event.preventDefault();
    const added = await action.run(async () => {
      const channel = await write("post", "/api/alerts/channels", { name: name.trim(), url: url.trim(), enabled: true });
      return `${channel.name} is there. Send it a test.`;
    });
    if (added) {
      setName("");
      setUrl("");
      changed();
    }
  };
  return (
    <form class="form" onSubmit={(event) => void add(event)}>
      <h3>Add a channel</h3>
      <div class="form-row">
        <label class="field">
          <span>Name</span>
          <input name="channel-name" value={name} maxLength={60} required onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field grow">
          <span>Address</span>
          <input name="channel-url" type="password" value={url} required autocomplete="off" placeholder="tgram://token/chat" onInput={(event) => setUrl(event.currentTarget.value)} />
        </label>
        <button class="button" type="submit" disabled={action.busy}>
          Add
        </button>
      </div>
      <p class="muted">
        As apprise writes them: <code>tgram://token/chat</code>, <code>mailto://user:password@host</code>, <code>json://host/path</code>, <code>dbus://</code>. It is kept on this machine and never shown again.
      </p>
      <Outcome of={action} />
    </form>
  );
}
