import { rm } from 'node:fs/promises';
import path from 'node:path';
import { FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses';

/** Turns off every way to make the packaged app run something else than itself, and checks that it is so. */
export default async function afterPack({ appOutDir, packager, electronPlatformName }) {
  const name = packager.appInfo.productFilename;
  const executable =
    electronPlatformName === 'darwin'
      ? path.join(appOutDir, `${name}.app`)
      : path.join(appOutDir, electronPlatformName === 'win32' ? `${name}.exe` : packager.executableName);
  if (electronPlatformName === 'linux') await rm(path.join(appOutDir, 'resources', 'default_app.asar'), { force: true });
  await flipFuses(executable, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: electronPlatformName === 'darwin',
    [FuseV1Options.RunAsNode]: false,
    [FuseV1Options.EnableCookieEncryption]: true,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: false,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: electronPlatformName !== 'linux', // Linux has no such check
    [FuseV1Options.OnlyLoadAppFromAsar]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
  await assertFuses(executable);
}

async function assertFuses(executable) {
  const wire = await getCurrentFuseWire(executable);
  const off = 0x30; // the fuse wire's '0'
  const mustBeOff = ['RunAsNode', 'EnableNodeOptionsEnvironmentVariable', 'EnableNodeCliInspectArguments'];
  const stillOn = mustBeOff.filter((fuse) => wire[FuseV1Options[fuse]] !== off);
  if (stillOn.length > 0) throw new Error(`fuses are still on: ${stillOn.join(', ')}`);
}
