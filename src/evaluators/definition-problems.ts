import { CHANGE_KINDS, type ChangeKind } from '../posture/index.js';
import type { ChoicesProperty, ConfigProperty, ConfigSchema, ConfigSetting, RuleTypeDefinition } from './evaluator.js';

const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/**
 * What is missing or wrong in a rule type's definition; empty if it is complete. TypeScript cannot check a definition
 * that comes from JavaScript.
 */
export function definitionProblems(definition: RuleTypeDefinition | undefined): string[] {
  if (!definition) return ['it has no definition'];
  const { type, name, description, affectedBy, configSchema } = definition;
  const problems: string[] = [];
  if (typeof type !== 'string' || !SNAKE_CASE.test(type)) problems.push('type must be snake_case');
  if (!isText(name)) problems.push('name is missing');
  if (!isText(description)) problems.push('description is missing');
  if (!Array.isArray(affectedBy) || affectedBy.length === 0) {
    problems.push('affectedBy is missing');
  } else if (affectedBy.some((kind: ChangeKind) => !CHANGE_KINDS.includes(kind))) {
    problems.push(`affectedBy takes ${CHANGE_KINDS.join(', ')}`);
  }
  return [...problems, ...schemaProblems(configSchema)];
}

function schemaProblems(schema: ConfigSchema | undefined): string[] {
  if (!schema || schema.type !== 'object' || schema.additionalProperties !== false) {
    return ['configSchema must describe an object without additional properties'];
  }
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return ['configSchema has no properties'];
  return properties.flatMap(([key, property]) =>
    propertyProblems(key, property).map((problem) => `${key}: ${problem}`),
  );
}

function propertyProblems(key: string, property: ConfigSetting): string[] {
  const { title, description } = property;
  const problems: string[] = [];
  if (!SNAKE_CASE.test(key)) problems.push('name must be snake_case');
  if (!isText(title)) problems.push('title is missing');
  if (!isText(description)) problems.push('description is missing');
  if (property.type === 'boolean') return problems;
  return [...problems, ...(property.type === 'array' ? choicesProblems(property) : numberProblems(property))];
}

function choicesProblems({ items }: ChoicesProperty): string[] {
  const choices = items?.enum;
  return Array.isArray(choices) && choices.length > 0 && choices.every((choice) => SNAKE_CASE.test(String(choice)))
    ? []
    : ['items must be one or more words in snake_case'];
}

function numberProblems({ type, minimum, maximum, default: value, optional }: ConfigProperty): string[] {
  const problems: string[] = [];
  if (type !== 'number' && type !== 'integer') problems.push('type must be number or integer');
  if (!Number.isFinite(minimum) || !Number.isFinite(maximum) || minimum > maximum) {
    problems.push('minimum and maximum must be numbers in this order');
  }
  if (optional && value === undefined) return problems;
  if (optional) problems.push('is optional, so it cannot have a default');
  else if (value === undefined || !Number.isFinite(value)) problems.push('default is missing');
  else if (value < minimum || value > maximum) problems.push('default is out of bounds');
  else if (type === 'integer' && !Number.isInteger(value)) problems.push('default is not a whole number');
  return problems;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
