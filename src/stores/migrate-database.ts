import {
  type MigrationPlan,
  type MigrationStep,
  migratePostgres,
  planMigration,
} from '../metadata/postgres/migrate.ts';
import { refusalOf } from './open-postgres.ts';

/** What brings the database at `url` up to date. @throws StartupRefusal */
export async function planDatabase(url: string): Promise<MigrationPlan> {
  return orRefuse(planMigration(url));
}

/** Brings it up to date, and answers what there was to do. @throws StartupRefusal */
export async function migrateDatabase(url: string, onStep: (step: MigrationStep) => void): Promise<MigrationPlan> {
  return orRefuse(migratePostgres(url, onStep));
}

async function orRefuse<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}
