import type { Declaration } from '../config/declaration.ts';
import type { Resolved } from '../config/load-config.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from '../config/settings.ts';
import { formatDuration } from '../config/values.ts';

/** One line a setting: its name, its value (never a secret) and where that came from. */
export function configShow({ settings, origins }: Resolved): string {
  const rows = SETTING_NAMES.map((name) => [name, shown(name, settings), origins[name]] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [nameWidth = 0, valueWidth = 0] = widths;
  return rows
    .map(([name, value, origin]) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${origin}\n`)
    .join('');
}

function shown(name: SettingName, settings: Settings): string {
  if (name === 'credentials') return settings.credentials.map(({ accessKeyId }) => accessKeyId).join(',') || '-';
  const value = settings[name];
  const declaration: Declaration<unknown> = SETTINGS[name];
  if (declaration.shown) return declaration.shown(value);
  if (value === undefined || value === '') return '-';
  if (declaration.kind === 'duration') return formatDuration(Number(value));
  return Array.isArray(value) ? value.join(',') || '-' : String(value);
}
