CREATE TABLE "thulp_sessions"."commits" (
	"tx" "xid8" PRIMARY KEY DEFAULT pg_current_xact_id() NOT NULL,
	"token" uuid NOT NULL,
	"ids" uuid[] NOT NULL,
	"kinds" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."entries" (
	"session_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"entry_id" uuid NOT NULL,
	"at" bigint NOT NULL,
	"type" text NOT NULL,
	"type_fields" text,
	"content" text NOT NULL,
	CONSTRAINT "entries_session_id_seq_pk" PRIMARY KEY("session_id","seq"),
	CONSTRAINT "entries_seq" CHECK (seq >= 0)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."heads" (
	"session_id" uuid PRIMARY KEY NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"status" text NOT NULL,
	"entry_count" integer NOT NULL,
	"turn_count" integer NOT NULL,
	"user_count" integer NOT NULL,
	"assistant_count" integer NOT NULL,
	"awaiting" boolean NOT NULL,
	"revision" bigint NOT NULL,
	"stamp" bigint NOT NULL,
	"epoch" text NOT NULL,
	"indexed" integer NOT NULL,
	"index_round" integer NOT NULL,
	"index_pending" boolean NOT NULL,
	CONSTRAINT "heads_counts" CHECK (entry_count >= 0 AND turn_count >= 0 AND indexed >= -1)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."meta" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"store_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"min_reader" integer NOT NULL,
	"min_writer" integer NOT NULL,
	CONSTRAINT "meta_one" CHECK (one)
);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."search_docs" (
	"session_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"words" "tsvector",
	CONSTRAINT "search_docs_session_id_seq_pk" PRIMARY KEY("session_id","seq")
);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."session_tags" (
	"session_id" uuid NOT NULL,
	"tag_key" uuid NOT NULL,
	"tag" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"listed_at" bigint NOT NULL,
	CONSTRAINT "session_tags_session_id_tag_key_pk" PRIMARY KEY("session_id","tag_key")
);
--> statement-breakpoint
CREATE TABLE "thulp_sessions"."sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"name_lower" text COLLATE "C" NOT NULL,
	"type" text NOT NULL,
	"type_fields" text NOT NULL,
	"skill_name" text,
	"agent_name" text,
	"model" text,
	"task" text,
	"created_at" bigint NOT NULL,
	"listed_at" bigint NOT NULL,
	"status" text NOT NULL,
	"tags" text NOT NULL,
	"parent_session" uuid,
	"context" text NOT NULL,
	CONSTRAINT "sessions_status" CHECK (status IN ('active', 'completed', 'failed', 'cancelled', 'paused')),
	CONSTRAINT "sessions_type" CHECK (type IN ('teacher_demo', 'evaluation', 'refinement', 'conversation', 'agent'))
);
--> statement-breakpoint
CREATE INDEX "entries_by_id" ON "thulp_sessions"."entries" USING btree ("session_id","entry_id");--> statement-breakpoint
CREATE INDEX "heads_index_pending" ON "thulp_sessions"."heads" USING btree ("session_id") WHERE index_pending;--> statement-breakpoint
CREATE INDEX "search_docs_words" ON "thulp_sessions"."search_docs" USING gin ("words") WITH (fastupdate = on, gin_pending_list_limit = 1024);--> statement-breakpoint
CREATE INDEX "search_docs_all" ON "thulp_sessions"."search_docs" USING btree ("session_id","seq") WHERE words IS NULL;--> statement-breakpoint
CREATE INDEX "session_tags_listed" ON "thulp_sessions"."session_tags" USING btree ("tag_key","listed_at","session_id");--> statement-breakpoint
CREATE INDEX "session_tags_created" ON "thulp_sessions"."session_tags" USING btree ("tag_key","created_at","session_id");--> statement-breakpoint
CREATE INDEX "sessions_listed" ON "thulp_sessions"."sessions" USING btree ("listed_at","id");--> statement-breakpoint
CREATE INDEX "sessions_created" ON "thulp_sessions"."sessions" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "sessions_status_listed" ON "thulp_sessions"."sessions" USING btree ("status","listed_at","id");--> statement-breakpoint
CREATE INDEX "sessions_status_created" ON "thulp_sessions"."sessions" USING btree ("status","created_at","id");--> statement-breakpoint
CREATE INDEX "sessions_type_listed" ON "thulp_sessions"."sessions" USING btree ("type","listed_at","id");--> statement-breakpoint
CREATE INDEX "sessions_type_created" ON "thulp_sessions"."sessions" USING btree ("type","created_at","id");--> statement-breakpoint
CREATE INDEX "sessions_parent_listed" ON "thulp_sessions"."sessions" USING btree ("parent_session","listed_at","id") WHERE parent_session IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_parent_created" ON "thulp_sessions"."sessions" USING btree ("parent_session","created_at","id") WHERE parent_session IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_with_parent_listed" ON "thulp_sessions"."sessions" USING btree ("listed_at","id") WHERE parent_session IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_skill_listed" ON "thulp_sessions"."sessions" USING btree (hashtextextended(skill_name, 0),"listed_at","id") WHERE skill_name IS NOT NULL;--> statement-breakpoint
CREATE INDEX "sessions_agent_listed" ON "thulp_sessions"."sessions" USING btree (hashtextextended(agent_name, 0),"listed_at","id") WHERE agent_name IS NOT NULL;