import path from 'node:path';
import { applyDecorators } from '@nestjs/common';
import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  registerDecorator,
  validateSync,
} from 'class-validator';
import { CronTime } from 'cron';
import { EXIT_POINTS, type ExitPoint } from '../common/exit-points.js';
import { packageRoot } from '../common/package-root.js';

/** The environment is not usable. Names variables and what they take, never their values: some of them are secrets. */
export class EnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'EnvironmentError';
  }
}

/** A hundred years. */
const MAX_RETENTION_DAYS = 36_500;

/** Every setting of the process. This class alone reads the environment; its property names are the variables. */
export class Environment {
  /** The TCP port of the HTTP server. */
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number from 0 to 65535' })
  @Min(0, { message: 'must be a whole number from 0 to 65535' })
  @Max(65535, { message: 'must be a whole number from 0 to 65535' })
  PORT: number = 3000;

  /** The address that the HTTP server listens on. */
  @IsString()
  @MinLength(1, { message: 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0' })
  HOST: string = '127.0.0.1';

  /** A PostgreSQL 15 or newer to use instead of the embedded one. */
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'must start with postgres:// or postgresql://' })
  DATABASE_URL?: string;

  /** How many connections to the database this process keeps at most. */
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number from 3 to 200' })
  @Min(3, { message: 'must be a whole number from 3 to 200' })
  @Max(200, { message: 'must be a whole number from 3 to 200' })
  DATABASE_POOL_SIZE: number = 10;

  /** The folder of the embedded PostgreSQL and of the generated secret key. */
  @IsString()
  @MinLength(1, { message: 'must be a folder' })
  VEDETTE_DATA_DIR: string = '.vedette';

  /** E-mail address of the first admin, created when the organisation has no member yet. */
  @IsEmail({}, { message: 'must be an e-mail address' })
  VEDETTE_ADMIN_EMAIL: string = 'admin@vedette.local';

  /** Password of the first admin. When unset, a random one is made and printed once. */
  @IsOptional()
  @MinLength(12, { message: 'must have 12 to 200 characters' })
  @MaxLength(200, { message: 'must have 12 to 200 characters' })
  VEDETTE_ADMIN_PASSWORD?: string;

  /** Signs access tokens and encrypts secrets at rest. Equal on all replicas. Generated into the data folder for the embedded database. */
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters; for example the output of: openssl rand -base64 48' })
  VEDETTE_SECRET_KEY?: string;

  /** The key before `VEDETTE_SECRET_KEY`, while what it has sealed is being sealed anew: see `vedette secrets rotate-key`. */
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters: it is what VEDETTE_SECRET_KEY was before' })
  VEDETTE_SECRET_KEY_PREVIOUS?: string;

  /** When rules that have no time of their own are evaluated, as a cron expression in UTC. */
  @IsCronExpression()
  VEDETTE_EVALUATION_CRON: string = '*/5 * * * *';

  /** When the daily posture snapshot is taken, as a cron expression in UTC. */
  @IsCronExpression()
  VEDETTE_SNAPSHOT_CRON: string = '5 0 * * *';

  /** How long posture must have been quiet before a change is evaluated, in milliseconds. */
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number of milliseconds from 0 to 60000' })
  @Min(0, { message: 'must be a whole number of milliseconds from 0 to 60000' })
  @Max(60_000, { message: 'must be a whole number of milliseconds from 0 to 60000' })
  VEDETTE_CHANGE_DEBOUNCE_MS: number = 250;

  /** How long a resolved or dismissed alert is kept after it was, in days. 0 keeps for ever, here and in the four below. */
  @IsRetentionDays()
  VEDETTE_RETENTION_ALERTS_DAYS: number = 365;

  /** How long a run of the engine, and what a rule measured before its present value, is kept, in days. */
  @IsRetentionDays()
  VEDETTE_RETENTION_RUNS_DAYS: number = 30;

  /** How long a webhook delivery is kept after it was delivered or failed for good, in days. */
  @IsRetentionDays()
  VEDETTE_RETENTION_DELIVERIES_DAYS: number = 30;

  /** How long a notification is kept after it was read, and an e-mail after it was sent or given up on, in days. */
  @IsRetentionDays()
  VEDETTE_RETENTION_NOTIFICATIONS_DAYS: number = 90;

  /** How long what posture, queue items and snapshots were is kept after something else took its place, in days. */
  @IsRetentionDays()
  VEDETTE_RETENTION_HISTORY_DAYS: number = 400;

  /** How long an import of posture is kept after it was applied or undone, and so for how long it can be undone, in days. 0 keeps for ever. */
  @IsRetentionDays()
  VEDETTE_RETENTION_IMPORTS_DAYS: number = 365;

  /** Hosts (`name`, `name:port`, `address:port`) that webhooks may reach although the address guard would refuse them; also over plain HTTP. */
  @Transform(({ value }) => splitList(value))
  @IsString({ each: true })
  VEDETTE_WEBHOOK_ALLOWED_HOSTS: string[] = [];

  /** Whether webhooks may reach private networks (RFC 1918, RFC 4193). Loopback, link-local and metadata addresses stay refused. */
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  VEDETTE_WEBHOOK_ALLOW_PRIVATE: boolean = false;

  /** The proxy that webhooks leave through, where the network lets nothing else out. It may hold a user name and a password. */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_WEBHOOK_PROXY_URL?: string;

  /** The mail server that people's notices are sent by. Its user name and password are secrets. */
  @IsOptional()
  @IsUrlOf(['smtp:', 'smtps:'], 'must be a URL that starts with smtp:// or smtps://')
  VEDETTE_SMTP_URL?: string;

  /** Whom e-mail comes from: an address, or a name and an address as `Vedette <vedette@example.org>`. */
  @Matches(/^(?:[^<>@,;:\\"\p{Cc}]+ <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u, {
    message: 'must be an e-mail address, or a name and an address such as Vedette <vedette@example.org>',
  })
  VEDETTE_SMTP_FROM: string = 'Vedette <vedette@localhost>';

  /** Where people reach Vedette, for the links to alerts in e-mail and webhooks. */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_PUBLIC_URL?: string;

  /** Whether `X-Forwarded-*` of a proxy in front is believed. */
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  VEDETTE_TRUST_PROXY: boolean = false;

  @IsIn(['error', 'warn', 'log', 'debug', 'verbose'], { message: 'must be error, warn, log, debug or verbose' })
  VEDETTE_LOG_LEVEL: 'error' | 'warn' | 'log' | 'debug' | 'verbose' = 'log';

  /** `json` for a log collector, `text` for people. */
  @IsIn(['json', 'text'], { message: 'must be json or text' })
  VEDETTE_LOG_FORMAT: 'json' | 'text' = 'text';

  /** Who sends it may read `/metrics` from anywhere. When unset, only callers on the same machine may. */
  @IsOptional()
  @Matches(/^[!-~]{16,200}$/, { message: 'must have 16 to 200 printable characters and no space' })
  VEDETTE_METRICS_TOKEN?: string;

  /** Called with GET, at most once a minute, after rules were looked at. Its path may be a credential. */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_HEARTBEAT_URL?: string;

  /**
   * Where traces go, over OTLP: a base URL, and one for traces alone. Traces are made when one of them is set. OpenTelemetry's own packages read these and their
   * other variables, such as OTEL_SERVICE_NAME and OTEL_TRACES_SAMPLER, by themselves, as its specification has it.
   */
  @IsOptional()
  @IsHttpUrl()
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  @IsOptional()
  @IsHttpUrl()
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;

  /** `http/protobuf` when unset, or `http/json`. */
  @IsOptional()
  @IsString()
  OTEL_EXPORTER_OTLP_PROTOCOL?: string;

  @IsOptional()
  @IsString()
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?: string;

  /** Only `true`, in any case, is taken for true: so says the specification of OpenTelemetry. */
  @Transform(({ value }) => String(value).toLowerCase() === 'true')
  @IsBoolean()
  OTEL_SDK_DISABLED: boolean = false;

  /** Set by the demo alone: fills an empty database with a generated organisation and says everywhere that it is a demo. */
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  VEDETTE_DEMO: boolean = false;

  /** Set by the demo alone: where its receiver listens. */
  @IsOptional()
  @IsString()
  VEDETTE_DEMO_RECEIVER_URL?: string;

  /** Set by tests alone, and refused unless NODE_ENV is `test`: the point at which the process ends as if by `kill -9`. */
  @IsOptional()
  @IsIn(EXIT_POINTS, { message: `must be one of ${EXIT_POINTS.join(', ')}` })
  VEDETTE_TEST_EXIT_AT?: ExitPoint;
}

/** The data folder; a relative one lies in Vedette's own folder, from wherever the process was started. */
export function dataFolder({ VEDETTE_DATA_DIR: folder }: Environment): string {
  return path.resolve(packageRoot(), folder);
}

/** Settings that have no default, which `new Environment()` therefore does not show. */
const WITHOUT_DEFAULT = [
  'DATABASE_URL',
  'VEDETTE_ADMIN_PASSWORD',
  'VEDETTE_SECRET_KEY',
  'VEDETTE_SECRET_KEY_PREVIOUS',
  'VEDETTE_WEBHOOK_PROXY_URL',
  'VEDETTE_DEMO_RECEIVER_URL',
  'VEDETTE_METRICS_TOKEN',
  'VEDETTE_HEARTBEAT_URL',
  'VEDETTE_SMTP_URL',
  'VEDETTE_PUBLIC_URL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'VEDETTE_TEST_EXIT_AT',
];

/**
 * Reads and validates the settings. An empty variable counts as unset.
 * @throws EnvironmentError naming each unusable variable and what it takes.
 */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const known = Object.keys(new Environment()).concat(WITHOUT_DEFAULT);
  const given = Object.fromEntries(known.filter((name) => source[name]).map((name) => [name, source[name]]));
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  const problems = validateSync(environment).flatMap(({ property, constraints }) =>
    [...new Set(Object.values(constraints ?? {}))].map((message) => `${property} ${message}`),
  );
  if (environment.DATABASE_URL && !environment.VEDETTE_SECRET_KEY) {
    problems.push('VEDETTE_SECRET_KEY must be set together with DATABASE_URL, the same for every replica');
  }
  if (environment.VEDETTE_TEST_EXIT_AT && source.NODE_ENV !== 'test') {
    problems.push('VEDETTE_TEST_EXIT_AT is for tests only and must be unset unless NODE_ENV is test');
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return environment;
}

function splitList(value: unknown): unknown {
  return typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim().toLowerCase())
        .filter(Boolean)
    : value;
}

function toBoolean(value: unknown): unknown {
  return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value;
}

function IsCronExpression(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isCronExpression',
      target: target.constructor,
      propertyName: String(propertyName),
      options: { message: 'must be a cron expression such as */5 * * * *' },
      validator: { validate: (value: unknown) => typeof value === 'string' && isCron(value) },
    });
}

function IsRetentionDays(): PropertyDecorator {
  const message = `must be a whole number of days from 0 (keep for ever) to ${MAX_RETENTION_DAYS}`;
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(0, { message }),
    Max(MAX_RETENTION_DAYS, { message }),
  );
}

function IsHttpUrl(): PropertyDecorator {
  return IsUrlOf(['http:', 'https:'], 'must be a URL that starts with http:// or https://');
}

function IsUrlOf(protocols: readonly string[], message: string): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isUrlOf',
      target: target.constructor,
      propertyName: String(propertyName),
      options: { message },
      validator: { validate: (value: unknown) => typeof value === 'string' && isUrlOf(value, protocols) },
    });
}

function isUrlOf(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '';
}

function isCron(expression: string): boolean {
  try {
    return Boolean(new CronTime(expression, 'UTC'));
  } catch {
    return false;
  }
}
