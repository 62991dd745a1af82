// npm run package [-- electron-builder arguments]: the app as it is handed out. Without arguments: this platform's targets, or only the
// unpacked folder where the official Electron (and with it electron-builder's own tools) is out of reach.
import path from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { runMain, SetupError, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';

await runMain(async () => {
  await bootstrap({ desktop: true });
  const node = (args) => run(projectNode(), args, { cwd: root, stdio: 'inherit' });
  const built = await node([path.join(root, 'scripts', 'build.mjs'), '--force', '--engine']);
  if (built.code !== 0) throw new SetupError('the app could not be built.');
  const code = `import { ensureElectron } from './scripts/electron-runtime.mjs'; console.log(JSON.stringify(await ensureElectron()))`;
  const found = await run(projectNode(), ['--input-type=module', '-e', code], { cwd: root });
  if (found.code !== 0) throw new SetupError(found.output.trim());
  const runtime = JSON.parse(found.output.trim().split('\n').at(-1));
  const asked = process.argv.slice(2);
  const substitute = [
    `--config.electronDist=${path.dirname(runtime.executable)}`,
    `--config.electronVersion=${runtime.version}`,
    ...(asked.length > 0 ? [] : ['--linux', 'dir']),
  ];
  const args = [...asked, ...(runtime.source === 'official' ? [] : substitute), '--publish', 'never'];
  say(`packaging with Electron ${runtime.version} (${runtime.source})`);
  const packed = await node([path.join(root, 'node_modules', 'electron-builder', 'cli.js'), ...args]);
  if (packed.code !== 0) throw new SetupError('electron-builder failed; its own words are above.');
});
