import path from 'node:path';
import { AuthorityError, type CertificateAuthority, openAuthority } from '../pki/authority.ts';
import type { Clock } from '../shared/clock.ts';
import { Store } from '../store/store.ts';
import type { StoreNotice } from '../store/store-types.ts';
import { explainHomeError } from './home-unusable.ts';
import { StartError } from './start-listeners.ts';

/** The home's database. Throws StartError DD1201, e.g. when a newer Drydock wrote it. */
export async function openHomeStore(home: string, clock: Clock, onNotice: (notice: StoreNotice) => void): Promise<Store> {
  try {
    return await Store.open({ path: path.join(home, 'drydock.db'), clock, onNotice });
  } catch (error) {
    throw new StartError([{ severity: 'error', code: 'DD1201', message: (error as Error).message }]);
  }
}

/** The home's certificate authority. Throws StartError DD1202: damaged files are never replaced silently. */
export async function openHomeAuthority(home: string, trustDomain: string): Promise<CertificateAuthority> {
  try {
    return await openAuthority({ folder: path.join(home, 'ca'), trustDomain, wallNow: Date.now });
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw explainHomeError(home, error);
    throw new StartError([{ severity: 'error', code: 'DD1202', message: (error as Error).message }]);
  }
}
