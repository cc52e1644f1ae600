import { defineConfig } from 'vite';
import { shell } from './vite-plugin-shell.ts';

const platform = 'http://127.0.0.1:8080'; // `make run`; only `npm run dev` asks it

export default defineConfig({
  build: { target: 'es2022', outDir: '../gongfu_fleet/static', emptyOutDir: true, chunkSizeWarningLimit: 1_200 },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [shell()],
  server: { proxy: { '/api': platform, '/health': platform } },
});
