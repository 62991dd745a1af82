/** Headers whose values are secrets, by exact name or by what the name contains. */
const SECRET_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-amz-security-token',
  'x-csrf-token',
]);
const SECRET_HEADER_PART = /(^|[-_])(api[-_]?key|apikey|token|secret|password|passwd|credential|session[-_]?id)s?($|[-_])/;

/** Query, form and JSON fields. `code` and `code_verifier` are OAuth's; `samlresponse` is SAML's. */
const SECRET_FIELDS = new Set([
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'client_secret',
  'clientsecret',
  'code',
  'code_verifier',
  'token',
  'apikey',
  'api_key',
  'access_key',
  'private_key',
  'authorization',
  'samlresponse',
  'credential',
  'credentials',
]);
const SECRET_FIELD_PART = /(_token|-token|token$|_secret|-secret|_password|-password|apikey|api[_-]key)/;
/** Every name above holds one of these: a text without any of them needs no closer look. */
const SECRET_HINT = /pass|pwd|secret|token|code|key|credential|authoriz|saml/i;

/** Decides by name alone; answers are remembered, since the same few names come with every request. */
export class SecretNames {
  #extra: ReadonlySet<string>;
  readonly #headers = new Map<string, boolean>();
  readonly #fields = new Map<string, boolean>();

  constructor(extra: readonly string[] = []) {
    this.#extra = new Set(extra.map((name) => name.toLowerCase()));
  }

  setExtra(extra: readonly string[]): void {
    this.#extra = new Set(extra.map((name) => name.toLowerCase()));
    this.#headers.clear();
    this.#fields.clear();
  }

  /** False only when no name in the text can be a secret's. Escaped names are not seen through: then it says true. */
  mayHoldSecret(text: string): boolean {
    if (SECRET_HINT.test(text) || /\\u|%[0-9a-f]{2}/i.test(text)) return true;
    if (this.#extra.size === 0) return false;
    const lower = text.toLowerCase();
    return [...this.#extra].some((name) => lower.includes(name) || lower.includes(name.replace(/[_-]/g, '')));
  }

  isSecretHeader(name: string): boolean {
    return remember(this.#headers, name, () => {
      const lower = name.toLowerCase();
      return this.#extra.has(lower) || SECRET_HEADERS.has(lower) || SECRET_HEADER_PART.test(lower);
    });
  }

  isSecretField(name: string): boolean {
    return remember(this.#fields, name, () => {
      const lower = name.toLowerCase();
      const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
      return [lower, snake].some((n) => this.#extra.has(n) || SECRET_FIELDS.has(n) || SECRET_FIELD_PART.test(n));
    });
  }
}

const MAX_REMEMBERED = 5000;

function remember(known: Map<string, boolean>, name: string, decide: () => boolean): boolean {
  let answer = known.get(name);
  if (answer === undefined) {
    answer = decide();
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(name, answer);
  }
  return answer;
}
