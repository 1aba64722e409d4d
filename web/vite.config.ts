import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

// `vite build` writes the application; `vite build --mode report` the one-file page of `kiban report`.
export default defineConfig(({ mode }) => {
  const report = mode === 'report';
  return {
    base: report ? './' : '/',
    publicDir: false,
    plugins: [svelte(), ...(report ? [viteSingleFile({ removeViteModuleLoader: true })] : [])],
    build: {
      target: 'es2022',
      outDir: report ? 'build-report' : '../src/kiban/server/static',
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rollupOptions: { input: report ? 'report.html' : 'index.html' },
    },
    server: { proxy: { '/api': 'http://127.0.0.1:8765' } },
  };
});
