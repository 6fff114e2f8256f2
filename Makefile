# Shopwindow: `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv/bin
PORT ?= 4566
SHOP_PORT ?= 8000
DATA ?=
ARCH ?= arm64
export PORT

.PHONY: help setup run up down status logs reset train spark spark-package models test check bench deploy browser

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: ## install everything the project needs into .venv and .local
	@sh infrastructure/setup.sh "$(PYTHON)"

run: up ## the whole thing: local stack, a shop with data, a trained model, the demo shop (DATA=folder loads a real shop)
	@$(VENV)/shopwindow first-day $(if $(DATA),--data "$(DATA)")
	@$(VENV)/shopwindow demo --port $(SHOP_PORT)

up: setup ## start the local stack and deploy to it (AUTH=1 enforces IAM, CACHE=1 puts Redis in front of the tables)
	@$(VENV)/python -m infrastructure.local start $(if $(AUTH),--auth)
	@$(VENV)/python -m infrastructure.local deploy $(if $(CACHE),--cache)

down: ## stop the local stack; its state is kept
	@$(VENV)/python -m infrastructure.local stop

status: ## where the local stack is, and its keys
	@$(VENV)/python -m infrastructure.local status

logs: ## the latest of all logs
	@$(VENV)/python -m infrastructure.local logs

reset: ## stop the local stack and delete its state
	@$(VENV)/python -m infrastructure.local reset

train: ## train and publish a model on the running stack
	@$(VENV)/shopwindow train

models: ## the versions that are kept
	@$(VENV)/shopwindow models

check: setup ## lint, types, templates
	@echo "Checking code and templates …"
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy && $(VENV)/cfn-lint

spark: setup ## install Spark into .local/spark, for tests and benchmarks of training on it
	@sh infrastructure/setup.sh "$(PYTHON)" spark

test: setup browser check ## everything is checked and tested, on a local stack of its own
	@sh infrastructure/setup.sh "$(PYTHON)" spark || [ -z "$$CI" ]
	@sh infrastructure/test.sh

browser: setup ## a Chromium for the browser tests
	@sh infrastructure/browser.sh

bench: setup ## measure: serving, rules, cold start, ingest, ranking, identity, training
	@for name in serving rules cold_start ingest ranking identity training; do $(VENV)/python -m tests.benchmarks.$$name || exit 1; done

spark-package: setup ## build the training job for EMR Serverless and put it into the bucket of models (BUCKET=ModelsBucket of the stack, ARCH=arm64)
	@test -n "$(BUCKET)" || { echo "Say where: make spark-package BUCKET=the stack's output ModelsBucket" >&2; exit 1; }
	@sh infrastructure/spark/package.sh .local/spark-package "$(ARCH)"
	@$(VENV)/python -m infrastructure.spark.upload .local/spark-package "$(BUCKET)"

deploy: setup ## build and deploy to AWS with the settings in samconfig.toml
	@$(VENV)/sam build --build-in-source && $(VENV)/sam deploy
