import type { Certificate } from '../api/status.schema.ts';
import type { CertificateAuthority, IssuedCertificate } from './authority.ts';

/** Certificates of one identity, PEM; what a sidecar needs to speak mutual TLS. */
export interface IssuedIdentity {
  spiffeId: string;
  certificatePem: string;
  privateKeyPem: string;
  caPem: string;
}

export interface WantedIdentity {
  spiffeId: string;
  /** Name shown beside the certificate. */
  service: string;
}

export interface WorkloadCertificatesOptions {
  authority: CertificateAuthority;
  /** Epoch milliseconds. */
  wallNow: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Calls back every `periodMs` until cancelled. */
  every: (periodMs: number, callback: () => void) => { cancel(): void };
  onIssued: (identities: IssuedIdentity[]) => void;
  onError: (message: string) => void;
}

interface Held {
  service: string;
  issued: IssuedCertificate;
  /** Renew at this wall time. */
  renewAt: number;
  rotations: number;
}

/** Short, because a laptop's sleep or a changed clock must not leave an expired certificate in use for long. */
const checkPeriodMs = 30_000;
/** Renew at half the lifetime, up to a tenth earlier, so that a hundred certificates do not renew in the same second. */
const renewShare = 0.5;
const jitterShare = 0.1;

/**
 * Keeps one certificate per identity fresh. Wall time is compared at every check instead of setting one long timer, so that a clock that
 * jumps and a machine that slept are noticed within 30 s.
 */
export class WorkloadCertificates {
  readonly #options: WorkloadCertificatesOptions;
  readonly #held = new Map<string, Held>();
  readonly #timer: { cancel(): void };
  #checking: Promise<void> | null = null;

  constructor(options: WorkloadCertificatesOptions) {
    this.#options = options;
    this.#timer = options.every(checkPeriodMs, () => void this.check());
  }

  /** Issues what is missing, forgets what is no longer wanted. Returns every wanted identity. Does not call onIssued. */
  async setIdentities(wanted: WantedIdentity[]): Promise<IssuedIdentity[]> {
    const ids = new Set(wanted.map((identity) => identity.spiffeId));
    for (const spiffeId of this.#held.keys()) if (!ids.has(spiffeId)) this.#held.delete(spiffeId);
    const missing = wanted.filter((identity) => !this.#held.has(identity.spiffeId));
    await Promise.all(missing.map((identity) => this.#issue(identity.spiffeId, identity.service, 0)));
    return this.identities();
  }

  identities(): IssuedIdentity[] {
    return [...this.#held.keys()].map((spiffeId) => this.#identity(spiffeId));
  }

  /** Issues anew now: one identity, or all. Announces them through onIssued. */
  async rotate(spiffeId?: string): Promise<Certificate[]> {
    const due = [...this.#held.keys()].filter((id) => spiffeId === undefined || id === spiffeId);
    await this.#renew(due);
    return this.facts().filter((fact) => due.includes(fact.spiffeId));
  }

  /** Renews what is due. Runs by itself every 30 s; never twice at a time. */
  check(): Promise<void> {
    this.#checking ??= this.#renewDue().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  facts(): Certificate[] {
    return [...this.#held].map(([spiffeId, held]) => ({
      spiffeId,
      service: held.service,
      serialNumber: held.issued.serialNumber,
      notBefore: new Date(held.issued.notBefore).toISOString(),
      notAfter: new Date(held.issued.notAfter).toISOString(),
      fingerprint256: held.issued.fingerprint256,
      rotations: held.rotations,
    }));
  }

  close(): void {
    this.#timer.cancel();
    this.#held.clear();
  }

  async #renewDue(): Promise<void> {
    const now = this.#options.wallNow();
    const due = [...this.#held].filter(([, held]) => now >= held.renewAt || now < held.issued.notBefore).map(([id]) => id);
    try {
      await this.#renew(due);
    } catch (error) {
      this.#options.onError(`Certificates could not be renewed: ${(error as Error).message}`);
    }
  }

  async #renew(due: string[]): Promise<void> {
    if (due.length === 0) return;
    await Promise.all(
      due.map(async (spiffeId) => {
        const held = this.#held.get(spiffeId);
        if (held) await this.#issue(spiffeId, held.service, held.rotations + 1);
      }),
    );
    this.#options.onIssued(due.filter((id) => this.#held.has(id)).map((id) => this.#identity(id)));
  }

  async #issue(spiffeId: string, service: string, rotations: number): Promise<void> {
    const issued = await this.#options.authority.issueWorkload(spiffeId);
    const lifetimeMs = issued.notAfter - issued.notBefore;
    const renewAt = issued.notBefore + lifetimeMs * (renewShare - jitterShare * this.#options.random());
    this.#held.set(spiffeId, { service, issued, renewAt, rotations });
  }

  #identity(spiffeId: string): IssuedIdentity {
    const held = this.#held.get(spiffeId)!;
    const { certificatePem, privateKeyPem } = held.issued;
    return { spiffeId, certificatePem, privateKeyPem, caPem: this.#options.authority.certificatePem };
  }
}
