import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** What the built page may do: its own files, and the control API on loopback. Vite's dev server needs inline scripts, so only the build has it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:* http://localhost:* ws://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const addContentSecurityPolicy: Plugin = {
  name: 'drydock-csp',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy }, injectTo: 'head-prepend' },
  ],
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [react(), addContentSecurityPolicy],
  build: {
    outDir: fileURLToPath(new URL('./dist', import.meta.url)),
    emptyOutDir: true,
    target: 'chrome130',
    // Inlined assets would be data: URLs, which the policy refuses for fonts.
    assetsInlineLimit: 0,
    // Screens load their own chunks, from disk or loopback; the editor's and the charts' are large by nature.
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        // React and zod change with their versions only; screens stay chunks of their own.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: 'contract', test: /node_modules[\\/]zod[\\/]|proxy[\\/]api[\\/]|zod-without-eval/ },
          ],
        },
      },
    },
  },
});
