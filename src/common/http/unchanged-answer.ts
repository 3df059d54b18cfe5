import { isDeepStrictEqual } from 'node:util';
import {
  applyDecorators,
  Injectable,
  SetMetadata,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { validateSync } from 'class-validator';
import { of, type Observable } from 'rxjs';
import type { AuthenticatedRequest, Principal } from '../access/index.js';
import { invalidInput } from '../errors/index.js';
import { fieldsOf } from './unknown-field.js';

const METADATA = 'vedette:unchanged-answer';

const READ_ONLY = 'is read-only: leave it out, or send it as GET shows it';

/** Reads the current answer of GET; undefined if there is none yet. */
type ReadAnswer = (
  controller: never,
  principal: Principal,
  params: Readonly<Record<string, string>>,
) => Promise<object | undefined>;

interface Settings {
  request: Type<object>;
  read: ReadAnswer;
  /** Fields that GET shows in another form than they were sent, so that a repeated value is no new value. */
  shownOtherwise: readonly string[];
}

/**
 * Lets a PATCH or PUT accept the answer of GET as its body. Read-only fields are accepted unchanged and refused by name
 * otherwise. In a PATCH, null for a field that cannot be null leaves the field unchanged. A body that repeats the whole
 * answer changes nothing.
 * @param request the class of the body, whose fields are the writable ones.
 * @param read reads the answer with the controller of the route.
 */
export function AcceptsUnchangedAnswer<Controller>(
  request: Type<object>,
  read: (
    controller: Controller,
    principal: Principal,
    params: Readonly<Record<string, string>>,
  ) => Promise<object | undefined>,
  shownOtherwise: readonly string[] = [],
): MethodDecorator {
  return applyDecorators(
    SetMetadata(METADATA, { request, read, shownOtherwise } satisfies Settings),
    UseInterceptors(UnchangedAnswerInterceptor),
  );
}

type Body = Record<string, unknown>;

interface ChangeRequest extends AuthenticatedRequest {
  method: string;
  params: Record<string, string>;
  body?: Body;
}

/** Runs before the body is validated. It reads the answer only if the body may repeat something of it. */
@Injectable()
class UnchangedAnswerInterceptor implements NestInterceptor {
  constructor(
    private readonly modules: ModuleRef,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { request, read, shownOtherwise } = this.reflector.get<Settings>(METADATA, context.getHandler());
    const http = context.switchToHttp().getRequest<ChangeRequest>();
    const { body, principal, method, params } = http;
    if (!body || !principal) return next.handle();
    const writable = writableFields(request);
    const isPatch = method === 'PATCH';
    const isLeftAlone = (name: string): boolean => isPatch && body[name] === null && writable.get(name) === false;
    const mayRepeat = (name: string): boolean => !writable.has(name) || shownOtherwise.includes(name);
    const names = Object.keys(body);
    if (!names.some((name) => isLeftAlone(name) || mayRepeat(name))) return next.handle();

    const controller = this.modules.get<never>(context.getClass(), { strict: false });
    const answer = await read(controller, principal, params);
    if (!answer) return next.handle();
    const current = JSON.parse(JSON.stringify(answer)) as Body;
    const repeats = (name: string): boolean =>
      Object.hasOwn(current, name) && isDeepStrictEqual(body[name], current[name]);
    const changed = names.filter((name) => !writable.has(name) && Object.hasOwn(current, name) && !repeats(name));
    if (changed.length > 0) throw invalidInput(changed.map((field) => ({ field, message: READ_ONLY })));

    const rest = names.filter((name) => !isLeftAlone(name) && !(mayRepeat(name) && repeats(name)));
    const isComplete = isPatch || Object.keys(current).every((name) => !writable.has(name) || name in body);
    if (rest.length < names.length && isComplete && rest.every(repeats)) return of(answer);
    http.body = Object.fromEntries(rest.map((name) => [name, body[name]]));
    return next.handle();
  }
}

const known = new WeakMap<Type<object>, ReadonlyMap<string, boolean>>();

/** The fields of a request, and whether each may be null. */
function writableFields(request: Type<object>): ReadonlyMap<string, boolean> {
  let fields = known.get(request);
  if (!fields) {
    fields = new Map(fieldsOf(request).map((name) => [name, acceptsNull(request, name)]));
    known.set(request, fields);
  }
  return fields;
}

function acceptsNull(request: Type<object>, name: string): boolean {
  const errors = validateSync(Object.assign(new request(), { [name]: null }));
  return !errors.some(({ property }) => property === name);
}
