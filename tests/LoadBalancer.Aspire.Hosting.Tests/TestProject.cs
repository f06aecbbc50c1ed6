namespace Aspire.Hosting.Tests;

/// <summary>A project that has an endpoint over HTTP and no file.</summary>
internal sealed class TestProject : IProjectMetadata
{
    public string ProjectPath => Path.Combine(AppContext.BaseDirectory, "Test.csproj");

    public LaunchSettings LaunchSettings { get; } = new()
    {
        Profiles = { ["http"] = new() { CommandName = "Project", ApplicationUrl = "http://localhost:5000" } },
    };
}
