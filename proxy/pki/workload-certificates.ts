import type { Certificate } from '../api/status.schema.ts';
import type { CertificateAuthority, CertificateFlaw, IssuedCertificate } from './authority.ts';

/** Certificates of one identity, PEM; what a sidecar needs to speak mutual TLS. */
export interface IssuedIdentity {
  spiffeId: string;
  certificatePem: string;
  privateKeyPem: string;
  caPem: string;
  /** Connections made with the certificate before must give way to new ones: it, or this one, is wrong on purpose. */
  replaceConnections?: boolean;
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
  /** Wrong on purpose, until it is renewed. */
  flaw: CertificateFlaw | null;
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
    const issued = await Promise.all(missing.map(({ spiffeId, service }) => this.#issue(spiffeId, service, { rotations: 0 })));
    for (const [index, { spiffeId }] of missing.entries()) this.#held.set(spiffeId, issued[index]!);
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

  /** Replaces a certificate by a wrong one, for so long; rotate() heals it before. False: there is no such identity. */
  async breakIdentity(spiffeId: string, flaw: CertificateFlaw, forMs: number): Promise<boolean> {
    const held = this.#held.get(spiffeId);
    if (held === undefined) return false;
    const renewAt = this.#options.wallNow() + forMs;
    this.#held.set(spiffeId, await this.#issue(spiffeId, held.service, { rotations: held.rotations, flaw, renewAt }));
    this.#options.onIssued([{ ...this.#identity(spiffeId), replaceConnections: true }]);
    return true;
  }

  /** Renews every certificate that is wrong on purpose; their identities. */
  async heal(): Promise<string[]> {
    const broken = [...this.#held].filter(([, held]) => held.flaw !== null).map(([spiffeId]) => spiffeId);
    await this.#renew(broken);
    return broken;
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
      ...(held.flaw === null ? {} : { flaw: held.flaw, healsAt: new Date(held.renewAt).toISOString() }),
    }));
  }

  close(): void {
    this.#timer.cancel();
    this.#held.clear();
  }

  async #renewDue(): Promise<void> {
    const now = this.#options.wallNow();
    const early = (held: Held) => held.flaw === null && now < held.issued.notBefore;
    const due = [...this.#held].filter(([, held]) => now >= held.renewAt || early(held)).map(([id]) => id);
    try {
      await this.#renew(due);
    } catch (error) {
      this.#options.onError(`Certificates could not be renewed: ${(error as Error).message}`);
    }
  }

  async #renew(due: string[]): Promise<void> {
    if (due.length === 0) return;
    const broken = new Set(due.filter((id) => (this.#held.get(id)?.flaw ?? null) !== null));
    await Promise.all(
      due.map(async (spiffeId) => {
        const held = this.#held.get(spiffeId);
        if (held) this.#held.set(spiffeId, await this.#issue(spiffeId, held.service, { rotations: held.rotations + 1 }));
      }),
    );
    const renewed = due.filter((id) => this.#held.has(id));
    this.#options.onIssued(
      renewed.map((id) => ({ ...this.#identity(id), ...(broken.has(id) ? { replaceConnections: true } : {}) })),
    );
  }

  async #issue(
    spiffeId: string,
    service: string,
    { rotations, flaw, renewAt }: { rotations: number; flaw?: CertificateFlaw; renewAt?: number },
  ): Promise<Held> {
    const issued = await this.#options.authority.issueWorkload(spiffeId, flaw);
    const lifetimeMs = issued.notAfter - issued.notBefore;
    const halfLife = issued.notBefore + lifetimeMs * (renewShare - jitterShare * this.#options.random());
    return { service, issued, renewAt: renewAt ?? halfLife, rotations, flaw: flaw ?? null };
  }

  #identity(spiffeId: string): IssuedIdentity {
    const held = this.#held.get(spiffeId)!;
    const { certificatePem, privateKeyPem } = held.issued;
    return { spiffeId, certificatePem, privateKeyPem, caPem: this.#options.authority.certificatePem };
  }
}
