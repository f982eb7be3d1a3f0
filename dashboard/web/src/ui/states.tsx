/** Loading, empty and refused, each in the place of what it stands for. */
import type { ComponentChildren } from "preact";
import type { Resource } from "../state/resource";

export function Loading({ rows = 4, what }: { rows?: number; what: string }) {
  return (
    <div class="loading" role="status">
      <span class="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} class={`skeleton w${at % 4}`} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state-box">
      <p class="state-title">{title}</p>
      {children && <div class="muted">{children}</div>}
    </div>
  );
}

export function Failed({ sentence, retry, title = "This cannot be shown at the moment" }: { sentence: string; retry: () => void; title?: string }) {
  return (
    <div class="state-box failed" role="alert">
      <p class="state-title">{title}</p>
      <p class="muted">{sentence}</p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** Shows a resource in whichever state it is; while it is loaded again the old stays, dimmed. */
export function Shown<T>({ of, what, rows, children }: { of: Resource<T>; what: string; rows?: number; children: (data: T) => ComponentChildren }) {
  if (of.data === null) {
    return of.error && !of.busy ? <Failed sentence={of.error.message} retry={of.reload} {...(of.error.code === "not_found" ? { title: "Not found" } : {})} /> : <Loading what={what} {...(rows ? { rows } : {})} />;
  }
  return (
    <div class={of.busy && of.error === null ? "again" : ""} aria-busy={of.busy}>
      {of.error && (
        <p class="notice" role="status">
          {of.error.message} What is shown is older.
        </p>
      )}
      {children(of.data)}
    </div>
  );
}
