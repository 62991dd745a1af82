import { Fields, readTypedConfig } from './fields.ts';
import type { RateLimitSettings, RouteSettings } from './patch.ts';
import { readRateLimit } from './read-rate-limit.ts';

export interface RouteReading {
  rateLimits: Record<string, RateLimitSettings>;
  settings: RouteSettings;
}

/** A MERGE into a route or virtual host (RouteAction's own fields stand under `route`). */
export function readRoute(
  fields: Fields,
  level: 'virtual-host' | 'route',
  tell: ConstructorParameters<typeof Fields>[2],
): RouteReading {
  const rateLimits: Record<string, RateLimitSettings> = {};
  for (const { key, path, value } of fields.entries('typed_per_filter_config')) {
    const { type, fields: config } = readTypedConfig(new Fields(value, path, tell));
    if (type === 'LocalRateLimit') {
      const limit = readRateLimit(config, true);
      if (limit !== null) rateLimits[key] = limit;
    } else tell.push({ path, message: `the configuration of ${key} (${type || 'without @type'}) is not acted on` });
  }
  const action = level === 'route' ? fields.message('route') : null;
  const settings = action === null ? {} : readAction(action);
  fields.rest();
  return { rateLimits, settings };
}

function readAction(action: Fields): RouteSettings {
  const settings: RouteSettings = {};
  const timeout = action.durationMs('timeout');
  if (timeout !== undefined) settings.timeoutMs = timeout;
  const idle = action.durationMs('idle_timeout');
  if (idle !== undefined) settings.idleTimeoutMs = idle;
  const stream = action.message('max_stream_duration');
  const longest = stream?.durationMs('max_stream_duration');
  if (longest !== undefined) settings.maxStreamDurationMs = longest;
  stream?.rest();
  action.rest();
  return settings;
}
