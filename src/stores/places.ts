import type { Settings } from '../config/settings.ts';

/** The settings that say where everything is, and how to get there. */
export type Places = Pick<
  Settings,
  | 'dataDir'
  | 'database'
  | 'databasePool'
  | 'databaseTimeout'
  | 'blobs'
  | 's3Endpoint'
  | 's3PublicEndpoint'
  | 's3Region'
  | 's3PathStyle'
  | 's3Sse'
  | 's3KmsKey'
>;
