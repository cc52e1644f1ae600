/** The one way to call the platform: same origin, session cookie, CSRF header on unsafe methods, problems as errors. */
import { Problem } from './problem.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

let csrf = '';
let signedOut: () => void = () => undefined;

export function rememberCsrf(token: string): void {
  csrf = token;
}

/** Called when the server no longer knows the session. */
export function onSignedOut(handler: () => void): void {
  signedOut = handler;
}

/** Send one request and decode its JSON. Raises Problem for every refusal, for no answer (status 0), and for no JSON. */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(path, requestOf(method, body)).catch(() => {
    throw new Problem(0);
  });
  if (!reply.ok) {
    const problem = await problemOf(reply);
    if (reply.status === 401 && !path.startsWith('/api/session')) signedOut(); // there 401 may mean a wrong password
    throw problem;
  }
  return reply.status === 204 ? (undefined as T) : decode<T>(reply);
}

export function get<T>(path: string, query: Record<string, string | number | null> = {}): Promise<T> {
  const set = Object.entries(query).filter(([, value]) => value !== null);
  const text = new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString();
  return call<T>('GET', text ? `${path}?${text}` : path);
}

function requestOf(method: Method, body: unknown): RequestInit {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') headers['x-csrf-token'] = csrf;
  if (body === undefined) return { method, headers };
  headers['content-type'] = 'application/json';
  return { method, headers, body: JSON.stringify(body) };
}

async function problemOf(reply: Response): Promise<Problem> {
  const text = (await reply.json().catch(() => ({}))) as Record<string, unknown>;
  const words = Object.entries(text).filter(([, value]) => typeof value === 'string');
  return new Problem(reply.status, Object.fromEntries(words));
}

async function decode<T>(reply: Response): Promise<T> {
  return reply.json().catch(() => {
    throw new Problem(reply.status);
  }) as Promise<T>;
}
