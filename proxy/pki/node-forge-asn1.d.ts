// Only node-forge's ASN.1 part is loaded: 3 ms instead of 30 ms at start-up.
declare module 'node-forge/lib/asn1.js' {
  import type { asn1 } from 'node-forge';

  const api: typeof asn1;
  export default api;
}
