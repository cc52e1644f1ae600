/** Emits sw.js after the bundle, with the list of files to keep and a version that changes when any of them does. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'vite';

function bundleFiles(out: string): string[] {
  return readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'sw.js' && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function versionOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

export function shell(): Plugin {
  let out = 'dist';
  return {
    name: 'shell',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    async closeBundle() {
      const files = bundleFiles(out);
      const urls = files.map((file) => file.slice(out.length).replaceAll('\\', '/'));
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: { __SHELL__: JSON.stringify(urls), __VERSION__: JSON.stringify(versionOf(files)) },
        build: {
          outDir: out,
          emptyOutDir: false,
          rollupOptions: { input: 'sw/sw.ts', output: { entryFileNames: 'sw.js', format: 'iife' } },
        },
      });
    },
  };
}
