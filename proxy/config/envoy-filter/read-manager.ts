import { type Fields, readTypedConfig } from './fields.ts';
import type { ManagerSettings } from './patch.ts';

/** A MERGE into the HTTP connection manager: a Filter whose typed_config is an HttpConnectionManager. */
export function readManager(filter: Fields): ManagerSettings {
  filter.ignore('name');
  const config = filter.message('typed_config');
  filter.rest();
  if (config === null) {
    filter.tell(filter.path, 'no typed_config, so nothing is merged');
    return {};
  }
  // istiod merges by the filter's own type, whatever the patch names.
  const { fields } = readTypedConfig(config);
  const settings: ManagerSettings = {};
  const idle = fields.durationMs('stream_idle_timeout');
  if (idle !== undefined) settings.streamIdleTimeoutMs = idle;
  const request = fields.durationMs('request_timeout');
  if (request !== undefined) settings.requestTimeoutMs = request;
  const serverName = fields.string('server_name');
  if (serverName !== undefined) settings.serverName = serverName;
  const transformation = fields.string('server_header_transformation');
  if (transformation === 'OVERWRITE' || transformation === 'APPEND_IF_ABSENT' || transformation === 'PASS_THROUGH')
    settings.serverHeader = transformation;
  fields.ignore('stat_prefix');
  fields.rest();
  return settings;
}
