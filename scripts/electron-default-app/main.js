// Stands in for Electron's own default app in the runtime that electron-runtime.mjs makes:
// `electron [switches] <folder> [arguments]` loads the folder's package.json main, as the official one does.
const { app } = require('electron');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const folder = process.argv.slice(1).find((argument) => !argument.startsWith('-'));
if (!folder) {
  console.error('usage: electron [switches] <app folder> [arguments]');
  app.exit(2);
} else {
  const appFolder = path.resolve(folder);
  const manifest = JSON.parse(fs.readFileSync(path.join(appFolder, 'package.json'), 'utf8'));
  process.defaultApp = true;
  app.setName(manifest.productName ?? manifest.name);
  if (manifest.version) app.setVersion(manifest.version);
  app.setAppPath(appFolder);
  Module._load(path.join(appFolder, manifest.main ?? 'index.js'), Module, true);
}
