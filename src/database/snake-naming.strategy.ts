import { DefaultNamingStrategy, type NamingStrategyInterface, type Table } from 'typeorm';

/** Snake case for columns, and PostgreSQL's default names for constraints and indexes, as in the migrations. */
export class SnakeNamingStrategy extends DefaultNamingStrategy implements NamingStrategyInterface {
  override columnName(propertyName: string, customName: string | undefined): string {
    return customName ?? propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }

  override primaryKeyName(table: Table | string): string {
    return `${this.getTableName(table)}_pkey`;
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return this.constraintName(table, columns, 'key');
  }

  override relationConstraintName(table: Table | string, columns: string[]): string {
    return this.constraintName(table, columns, 'key');
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return this.constraintName(table, columns, 'fkey');
  }

  override indexName(table: Table | string, columns: string[]): string {
    return this.constraintName(table, columns, 'idx');
  }

  private constraintName(table: Table | string, columns: string[], suffix: string): string {
    return `${this.getTableName(table)}_${columns.join('_')}_${suffix}`;
  }
}
