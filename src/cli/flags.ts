import { type Command, Option } from 'commander';
import type { Declaration } from '../config/declaration.ts';
import type { Flags } from '../config/load-config.ts';
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName, variableOf } from '../config/settings.ts';

/** Gives a command one flag for each of these settings that may have one, and `--config`. */
export function addSettingFlags(command: Command, names: readonly SettingName[] = SETTING_NAMES): Command {
  command.option(
    '--config <file>',
    'Config file, YAML or JSON (BERTH_CONFIG; else ./berth.yaml, else ~/.config/berth/berth.yaml)',
  );
  for (const name of names) {
    for (const option of optionsOf(name)) command.addOption(option);
  }
  return command;
}

/** Those of these flags that the command was given, by the names of their settings, as text. */
export function flagsOf(command: Command, names: readonly SettingName[] = SETTING_NAMES): Flags {
  const flags: Partial<Record<SettingName | 'config', string | readonly string[]>> = {};
  for (const name of ['config', ...names] as const) {
    const given: unknown = command.getOptionValue(name === 'config' ? name : attributeOf(name));
    if (given === undefined) continue;
    flags[name] = Array.isArray(given) ? given.map(String) : String(given);
  }
  return flags;
}

function optionsOf(name: SettingName): Option[] {
  const declaration: Declaration<unknown> = SETTINGS[name];
  const { fallback, fallbackSaid, help, kind, argument } = declaration;
  const said = typeof fallback === 'string' ? fallback : fallbackSaid;
  const description = `${help} (default: ${said}; ${variableOf(name)})`;
  switch (kind) {
    case 'file':
      return [];
    case 'boolean':
      return [
        new Option(`--${flagOf(name)}`, description),
        new Option(`--no-${flagOf(name)}`, `Turn --${flagOf(name)} off`),
      ];
    case 'list':
      return [
        new Option(`--${flagOf(name)} ${argument}`, description).argParser<string[]>((value, earlier = []) => [
          ...earlier,
          value,
        ]),
      ];
    default:
      return [new Option(`--${flagOf(name)} ${argument}`, description)];
  }
}

/** What commander calls the flag: `--data-dir` is `dataDir`. */
function attributeOf(name: SettingName): string {
  return new Option(`--${flagOf(name)}`).attributeName();
}
