import { z } from 'zod';
import {
  proxyToxicChangeSchema,
  proxyToxicRequestSchema,
  proxyToxicSchema,
  toxicTypeSchema,
  toxiproxyProxyChangeSchema,
  toxiproxyProxyRequestSchema,
  toxiproxyProxySchema,
} from '../toxic.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Kinds of toxics, and Toxiproxy’s proxies. */
export const toxicRoutes = {
  listToxicTypes: {
    method: 'GET',
    path: '/toxics',
    summary: 'Kinds of toxics with their attributes, for Fault.spec.tcp and Toxiproxy proxies',
    response: z.object({ types: z.array(toxicTypeSchema) }),
  },
  listToxiproxyProxies: {
    method: 'GET',
    path: '/toxiproxy/proxies',
    summary: 'Proxies of the Toxiproxy API',
    response: z.object({ proxies: z.array(toxiproxyProxySchema) }),
  },
  addToxiproxyProxy: {
    method: 'POST',
    path: '/toxiproxy/proxies',
    summary: 'Create a toxic proxy, with toxics if given',
    body: toxiproxyProxyRequestSchema,
    response: toxiproxyProxySchema,
  },
  changeToxiproxyProxy: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name',
    summary: 'Enable, disable or move a toxic proxy',
    body: toxiproxyProxyChangeSchema,
    response: toxiproxyProxySchema,
  },
  deleteToxiproxyProxy: {
    method: 'DELETE',
    path: '/toxiproxy/proxies/:name',
    summary: 'Remove a toxic proxy',
    response: z.object({ removed: z.string() }),
  },
  addProxyToxic: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name/toxics',
    summary: 'Add a toxic to a proxy, live',
    body: proxyToxicRequestSchema,
    response: proxyToxicSchema,
  },
  changeProxyToxic: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name/toxics/:toxic',
    summary: 'Change a toxic of a proxy, live',
    body: proxyToxicChangeSchema,
    response: proxyToxicSchema,
  },
  deleteProxyToxic: {
    method: 'DELETE',
    path: '/toxiproxy/proxies/:name/toxics/:toxic',
    summary: 'Take a toxic off a proxy; what it held goes on',
    response: z.object({ removed: z.string() }),
  },
  resetToxiproxy: {
    method: 'POST',
    path: '/toxiproxy/reset',
    summary: 'Enable every toxic proxy and remove all toxics',
    response: z.object({ proxies: z.array(toxiproxyProxySchema) }),
  },
} as const satisfies Record<string, ApiRoute>;
