using System.Text;
using System.Text.Json;
using LoadGenerator;
using LoadGenerator.Nat;
using LoadGenerator.Output;
using ServiceDefaults;

if (args is [NatLab.Argument])
{
    return await NatLab.RunAsync();
}

Console.OutputEncoding = Encoding.UTF8;
return args.Length == 0 ? await ServeAsync() : await RunAsync(args);

// Commands come from the dashboard.
static async Task<int> ServeAsync()
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
    builder.AddServiceDefaults();
    var app = builder.Build();
    using var balancers = new Balancers(Options(builder.Configuration));
    app.MapDefaultEndpoints();
    app.MapPost("/tour/{step}", new TourEndpoint(new(balancers, Console.WriteLine)).RunAsync);
    Console.WriteLine("Waiting for a command: each step of the tour is one of this resource, and 'Whole tour' runs them all.");
    await app.RunAsync();
    return 0;
}

// The steps are named on the command line.
static async Task<int> RunAsync(string[] names)
{
    var (steps, error) = TourSteps.Find(names);
    if (error is not null)
    {
        Console.Error.WriteLine(error);
        return 1;
    }

    var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
    builder.AddServiceDefaults();
    using var host = builder.Build();
    await host.StartAsync();
    using var balancers = new Balancers(Options(builder.Configuration));
    var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
    try
    {
        var results = await new Tour(balancers, Console.WriteLine).RunAsync(steps, stopping);
        if (builder.Configuration["Tour:Results"] is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(results, TourJsonContext.Default.IReadOnlyListStepResult), stopping);
        }

        return results.Any(result => result.Outcome == Outcome.Failed) ? 1 : 0;
    }
    catch (OperationCanceledException) when (stopping.IsCancellationRequested)
    {
        return 1;
    }
    finally
    {
        await host.StopAsync(CancellationToken.None);
    }
}

static TourOptions Options(IConfiguration configuration) => configuration.GetSection("Tour").Get<TourOptions>() ?? new();
