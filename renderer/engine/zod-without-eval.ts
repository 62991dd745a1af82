import { z } from 'zod';

// Imported before any schema is built: zod otherwise probes for eval, which the page's Content-Security-Policy refuses and reports.
z.config({ jitless: true });
