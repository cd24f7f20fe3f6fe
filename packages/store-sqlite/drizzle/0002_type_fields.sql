-- The fields of session types, as columns that take no room, for filters by them.
ALTER TABLE `sessions` ADD `skill_name` text GENERATED ALWAYS AS (CASE WHEN json_valid(type_fields) THEN json_extract(type_fields, '$.skillName') END) VIRTUAL;--> statement-breakpoint
ALTER TABLE `sessions` ADD `agent_name` text GENERATED ALWAYS AS (CASE WHEN json_valid(type_fields) THEN json_extract(type_fields, '$.agentName') END) VIRTUAL;--> statement-breakpoint
ALTER TABLE `sessions` ADD `model` text GENERATED ALWAYS AS (CASE WHEN json_valid(type_fields) THEN json_extract(type_fields, '$.model') END) VIRTUAL;--> statement-breakpoint
ALTER TABLE `sessions` ADD `task` text GENERATED ALWAYS AS (CASE WHEN json_valid(type_fields) THEN json_extract(type_fields, '$.task') END) VIRTUAL;--> statement-breakpoint
CREATE INDEX `sessions_by_skill` ON `sessions` (`skill_name`) WHERE skill_name IS NOT NULL;--> statement-breakpoint
CREATE INDEX `sessions_by_agent` ON `sessions` (`agent_name`) WHERE agent_name IS NOT NULL;