/** The folder with the built dashboard: `index.html` and `assets/` (hashed names, so they may be cached for good). `pnpm build` fills it. */
export const dashboardFolder: URL = new URL('../dist/www/', import.meta.url);
