import { suggestion } from './did-you-mean.ts';
import type { Env } from './home-folders.ts';
import { ENDPOINT_VARIABLE } from './server-access.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, variableOf } from './settings.ts';

/** Names the config file itself. */
export const CONFIG_VARIABLE = 'BERTH_CONFIG';

/**
 * What Kubernetes puts into every container of a namespace that has a Service named `berth`. One of them is spelled
 * like a setting of ours (`BERTH_PORT=tcp://10.0.0.1:4327`).
 */
const SERVICE_LINK = /^BERTH_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)$/;

/** The settings that the environment gives. A variable that is set to nothing counts as not set. */
export function settingsInEnvironment(env: Env): ReadonlyMap<SettingName, string> {
  const given = new Map<SettingName, string>();
  for (const name of SETTING_NAMES) {
    const variable = variableOf(name);
    const value = env[variable];
    if (value && !isFileOnly(name) && !isServiceLink(variable, value)) given.set(name, value);
  }
  return given;
}

/** One sentence for each `BERTH_…` variable that means nothing here. */
export function unknownVariables(env: Env): string[] {
  const known = [
    CONFIG_VARIABLE,
    ENDPOINT_VARIABLE,
    ...SETTING_NAMES.filter((name) => !isFileOnly(name)).map(variableOf),
  ];
  return Object.keys(env)
    .filter((variable) => variable.startsWith('BERTH_') && !known.includes(variable))
    .filter((variable) => !isServiceLink(variable, env[variable] ?? ''))
    .map((variable) => {
      const fileOnly = SETTING_NAMES.find((name) => isFileOnly(name) && variableOf(name) === variable);
      if (fileOnly !== undefined) return `${variable}: '${fileOnly}' can only be set in a config file`;
      return `unknown environment variable '${variable}'${suggestion(variable, known)}`;
    });
}

function isServiceLink(variable: string, value: string): boolean {
  return SERVICE_LINK.test(variable) || (variable === 'BERTH_PORT' && /^(?:tcp|udp|sctp):\/\//.test(value));
}

function isFileOnly(name: SettingName): boolean {
  return SETTINGS[name].kind === 'file';
}
