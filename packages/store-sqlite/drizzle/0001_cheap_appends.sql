-- From what drizzle-kit generated of src/schema.ts, by hand: a column added in place instead of a table copied anew, STRICT,
-- and the one row. Up to here every entry and every name was indexed when it was written, and no session moved. Released:
-- never to be edited again.
CREATE TABLE `search_progress` (
	`id` integer PRIMARY KEY NOT NULL,
	`entry_key` integer NOT NULL,
	`session_key` integer NOT NULL,
	CONSTRAINT "search_progress_one_row" CHECK(id = 1)
) STRICT;
--> statement-breakpoint
INSERT INTO `search_progress` VALUES (
	1,
	(SELECT coalesce(max(`key`), 0) FROM `entries`),
	(SELECT coalesce(max(`key`), 0) FROM `sessions`)
);
--> statement-breakpoint
ALTER TABLE `sessions` ADD COLUMN `moving` integer DEFAULT 0 NOT NULL CONSTRAINT "sessions_moving" CHECK(moving IN (0, 1));--> statement-breakpoint
DROP INDEX `sessions_by_updated`;--> statement-breakpoint
DROP INDEX `sessions_by_status_updated`;--> statement-breakpoint
DROP INDEX `sessions_by_type_updated`;--> statement-breakpoint
DROP INDEX `sessions_by_parent_updated`;--> statement-breakpoint
DROP INDEX `sessions_with_parent_updated`;--> statement-breakpoint
CREATE INDEX `sessions_by_updated` ON `sessions` (`updated_at`,`id`,`name_lower`) WHERE moving = 0;--> statement-breakpoint
CREATE INDEX `sessions_by_status_updated` ON `sessions` (`status`,`updated_at`,`id`) WHERE moving = 0;--> statement-breakpoint
CREATE INDEX `sessions_by_type_updated` ON `sessions` (`type`,`updated_at`,`id`) WHERE moving = 0;--> statement-breakpoint
CREATE INDEX `sessions_by_parent_updated` ON `sessions` (`parent_session`,`updated_at`,`id`) WHERE parent_session IS NOT NULL AND moving = 0;--> statement-breakpoint
CREATE INDEX `sessions_with_parent_updated` ON `sessions` (`updated_at`,`id`) WHERE parent_session IS NOT NULL AND moving = 0;--> statement-breakpoint
CREATE INDEX `sessions_moving` ON `sessions` (`moving`) WHERE moving = 1;--> statement-breakpoint
ALTER TABLE `changes` DROP COLUMN `writer`;
