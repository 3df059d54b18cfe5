import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access/index.js';
import { EvaluatorRegistry } from '../evaluators/index.js';
import { RuleTypeListResponse } from './rule.response.js';

@ApiTags('rules')
@Controller('rule-types')
export class RuleTypesController {
  constructor(private readonly registry: EvaluatorRegistry) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: "List the rule types, with each type's settings, defaults and words for a form" })
  list(): RuleTypeListResponse {
    const items = this.registry.definitions().map(({ type, name, description, configSchema }) => ({
      type,
      name,
      description,
      config_schema: { ...configSchema },
      defaults: Object.fromEntries(
        Object.entries(configSchema.properties).flatMap(([key, property]) =>
          'default' in property && property.default !== undefined ? [[key, property.default]] : [],
        ),
      ),
    }));
    return { items, total: items.length, next_cursor: null };
  }
}
