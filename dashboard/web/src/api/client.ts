/** Typed requests to the server's API. What goes wrong becomes a `Refusal` with a sentence for people. */
import type { paths } from "./schema";

type Method = "get" | "post" | "put" | "delete";
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Content<T> = T extends { content: { "application/json": infer C } } ? C : never;
type Answer<O> = O extends { responses: infer R }
  ? Content<R extends { 200: infer A } ? A : R extends { 201: infer B } ? B : never>
  : never;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
export type Query<P extends PathsWith<"get">> =
  Operation<P, "get"> extends { parameters: { query?: infer Q } } ? { [K in keyof NonNullable<Q>]?: NonNullable<Q>[K] | undefined } : Record<string, never>;
export type AnswerOf<P extends PathsWith<"get">> = Answer<Operation<P, "get">>;
export type GetPath = PathsWith<"get">;

const TOKEN_HEADER = "X-Newswake-Token";

/** Raised where the server refuses, or is not there (`code` is then `offline`). */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    sentence: string,
  ) {
    super(sentence);
  }
}

let token = "";

export function useToken(value: string): void {
  token = value;
}

export async function get<P extends GetPath>(path: P, query: Query<P>, signal?: AbortSignal): Promise<AnswerOf<P>> {
  return (await send(addressOf(path, query), { method: "GET", ...(signal ? { signal } : {}) })) as AnswerOf<P>;
}

/** Everything that writes carries the token. `place` fills `{id}` or `{coin}` of the path. */
export async function write<M extends Exclude<Method, "get">, P extends PathsWith<M>>(
  method: M,
  path: P,
  body: Body<Operation<P, M>>,
  place = "",
): Promise<Answer<Operation<P, M>>> {
  const address = String(path).replace(/\{\w+\}/, encodeURIComponent(place));
  const headers: Record<string, string> = { [TOKEN_HEADER]: token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const request: RequestInit = { method: method.toUpperCase(), headers };
  if (body !== undefined) request.body = JSON.stringify(body);
  try {
    return (await send(address, request)) as Answer<Operation<P, M>>;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "forbidden") throw error;
    // Another start of the server has another token.
    useToken((await get("/api/session", {})).token);
    return (await send(address, { ...request, headers: { ...headers, [TOKEN_HEADER]: token } })) as Answer<Operation<P, M>>;
  }
}

export function addressOf(path: string, query: object): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

async function send(address: string, request: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, { ...request, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal("offline", "The server does not answer. It is asked again as soon as it is back.");
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  throw refusalFrom(body, response.status);
}

function refusalFrom(body: unknown, status: number): Refusal {
  const error = (body as { error?: { code?: string; sentence?: string; problems?: { sentence: string }[] } } | null)?.error;
  if (!error?.sentence) return new Refusal("failed", `The server answered with the status ${status}.`);
  const problems = (error.problems ?? []).map((problem) => problem.sentence).join(" ");
  return new Refusal(error.code ?? "failed", problems ? `${error.sentence} ${problems}` : error.sentence);
}
