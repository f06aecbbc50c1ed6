using LoadGenerator.Output;

namespace LoadGenerator;

/// <summary>Runs steps when told so by HTTP: <c>POST /tour/{step}</c>. What they print is in the console.</summary>
internal sealed class TourEndpoint(Tour tour)
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public async Task<IResult> RunAsync(string step, CancellationToken aborted)
    {
        var (steps, error) = TourSteps.Find([step]);
        if (error is not null)
        {
            return Results.Problem(error, statusCode: StatusCodes.Status404NotFound);
        }

        // Two at a time would count each other's requests.
        if (!await _turn.WaitAsync(TimeSpan.Zero, aborted))
        {
            return Results.Problem("The tour is running; wait for its end.", statusCode: StatusCodes.Status409Conflict);
        }

        try
        {
            return Results.Json(await tour.RunAsync(steps, aborted), TourJsonContext.Default.IReadOnlyListStepResult);
        }
        finally
        {
            _turn.Release();
        }
    }
}
