import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ACCESS_METADATA, type RouteAccess } from '../common/access/index.js';

/** Fails the start if a route does not declare who may call it. */
@Injectable()
export class RouteAccessCheck implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onApplicationBootstrap(): void {
    const undeclared = this.discovery
      .getControllers()
      .flatMap(({ metatype }) => (metatype ? this.undeclaredRoutes(metatype) : []));
    if (undeclared.length > 0) {
      throw new Error(
        `These routes do not say who may call them: ${undeclared.join(', ')}. Give each @Access(level) or @Public().`,
      );
    }
  }

  private undeclaredRoutes(controller: { name: string; prototype?: unknown }): string[] {
    const prototype = controller.prototype as Record<string, unknown>;
    return this.scanner
      .getAllMethodNames(prototype)
      .map((name) => ({ name, handler: prototype[name] as object }))
      .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler) && !declaresAccess(handler))
      .map(({ name }) => `${controller.name}.${name}`);
  }
}

/** A `@RouteConfig` above `@Access` would replace the access in the configuration, which hooks read. */
function declaresAccess(handler: object): boolean {
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as Partial<RouteAccess> | undefined;
  return config?.access !== undefined && config.access === Reflect.getMetadata(ACCESS_METADATA, handler);
}
