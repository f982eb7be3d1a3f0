/** The WebSocket: topics with handlers, reconnecting by itself, its state visible. */
import { signal } from "@preact/signals";
import type { LiveMessage } from "./types";

export type Connection = "connecting" | "live" | "waiting";
type Handler = (message: LiveMessage) => void;

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

export const connection = signal<Connection>("connecting");
/** When the next try is, in this machine's milliseconds; while `waiting`. */
export const nextTry = signal(0);
/** Grows each time that something may have been missed: what was fetched is fetched again. */
export const epoch = signal(0);
export const databaseAway = signal(false);

const handlers = new Map<string, Set<Handler>>();
let socket: WebSocket | null = null;
let pause = FIRST_PAUSE;
let timer = 0;
let started = "";
let everLive = false;
/** Whether a topic was asked for while the first connection was not there yet: what was fetched meanwhile may be old. */
let late = false;
let onRestart: () => void = () => undefined;

/** `restarted` is called when another start of the server answers: its token is a new one. */
export function connect(restarted: () => void): void {
  onRestart = restarted;
  addEventListener("online", tryNow);
  addEventListener("offline", () => socket?.close());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") tryNow();
  });
  open();
}

export function tryNow(): void {
  if (connection.value !== "waiting") return;
  clearTimeout(timer);
  open();
}

/** Hear a topic until the returned function is called. */
export function listen(topic: string, handler: Handler): () => void {
  const group = handlers.get(topic) ?? new Set();
  if (group.size === 0) {
    handlers.set(topic, group);
    if (socket && socket.readyState !== WebSocket.OPEN) late = true;
    ask("subscribe", [topic]);
  }
  group.add(handler);
  return () => {
    group.delete(handler);
    if (group.size === 0 && handlers.delete(topic)) ask("unsubscribe", [topic]);
  };
}

function ask(op: "subscribe" | "unsubscribe", topics: string[]): void {
  if (topics.length && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op, topics }));
}

function open(): void {
  connection.value = "connecting";
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
  socket = opened;
  opened.onopen = () => ask("subscribe", [...handlers.keys()]);
  opened.onmessage = (event) => receive(JSON.parse(String(event.data)) as LiveMessage);
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = null;
    connection.value = "waiting";
    nextTry.value = Date.now() + pause;
    timer = window.setTimeout(open, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  };
}

function receive(message: LiveMessage): void {
  if (message.type === "hello") {
    pause = FIRST_PAUSE;
    connection.value = "live";
    databaseAway.value = message.database === "away";
    if (started && started !== message.started) onRestart();
    started = message.started;
    if (everLive || late) epoch.value += 1;
    everLive = true;
  } else if (message.type === "database") {
    databaseAway.value = message.state === "away";
  } else if (message.type === "resync") {
    epoch.value += 1;
  } else if (message.type === "error") {
    console.warn("The server did not understand", message.sentence);
  } else if ("topic" in message) {
    for (const handler of handlers.get(message.topic) ?? []) handler(message);
  }
}
