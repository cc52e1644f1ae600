/** Service worker: keeps the application shell and nothing else; measured data never comes from a cache. */
declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;
const cacheName = `shell-${__VERSION__}`;

async function fill(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(__SHELL__.map((url) => new Request(url, { cache: 'reload' })));
}

async function takeOver(): Promise<void> {
  for (const key of await caches.keys()) if (key.startsWith('shell-') && key !== cacheName) await caches.delete(key);
  await self.clients.claim();
}

async function answer(path: string, request: Request): Promise<Response> {
  const hit = await caches.match(path, { cacheName });
  return hit ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('message', (event) => {
  if (event.data === 'activate') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const path = url.pathname === '/' ? '/index.html' : url.pathname;
  if (event.request.method !== 'GET' || url.origin !== location.origin || !__SHELL__.includes(path)) return;
  event.respondWith(answer(path, event.request));
});
export {};
