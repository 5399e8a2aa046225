import type { Settings } from '../config/settings.ts';

/** The settings that say where everything is. */
export type Places = Pick<Settings, 'dataDir' | 'database' | 'blobs'>;
