using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Tests.Publishing;

/// <summary>An application model that Aspire's pipeline publishes into a folder of its own.</summary>
internal sealed class PublishedApp : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aspire-publish-tests-");
    private readonly Messages _messages = new();

    /// <param name="step">The step of the pipeline that is run: what it needs runs before.</param>
    public PublishedApp(string step = "publish-manifest")
    {
        Builder = Model.NewBuilder("--operation", "publish", "--step", step, "--output-path", Folder);
        Builder.Services.AddLogging(logging => logging.AddProvider(_messages));
    }

    public IDistributedApplicationBuilder Builder { get; }

    public string Folder => _folder.FullName;

    /// <summary>The warnings and errors that publishing logged.</summary>
    public IReadOnlyCollection<string> Warnings => _messages.Warnings;

    public IResourceBuilder<ProjectResource> AddCatalog() => Builder.AddProject<TestProject>("catalog", launchProfileName: "http").WithReplicas(3);

    public async Task RunAsync()
    {
        await using var app = Builder.Build();
        await app.RunAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Publishes, and reads the resources of the manifest.</summary>
    public async Task<JsonObject> ManifestAsync()
    {
        await RunAsync();
        return JsonNode.Parse(await ReadAsync("aspire-manifest.json"))!["resources"]!.AsObject();
    }

    public Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Path.Combine(Folder, path), TestContext.Current.CancellationToken);

    public async Task<JsonNode> ConfigurationOfAsync(string balancer) => JsonNode.Parse(await ReadAsync($"{balancer}.container/loadbalancer.json"))!["LoadBalancer"]!;

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class Messages : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Warnings { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Warnings.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
